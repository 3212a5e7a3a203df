-- Which events cost time?
-- mark: bar
-- x: times "times"
-- y: event "event"
-- label: times
-- section: run
-- order: 30
-- needs: events
-- caption: What befell the workers, and units that were analysed more than once, by what the run wrote down.
-- empty: No worker was restarted or lost, and no unit was analysed twice.
select concat(event, coalesce(concat(': ', cause), '')) as event, count(*) as times from events
where event not in ('started', 'resumed') group by event, cause
union all
select 'attempts beyond the first' as event, count(*) - count(distinct concat(user_id, '/', feature_mode)) as times from raw.users
having count(*) > count(distinct concat(user_id, '/', feature_mode))
order by times desc, event limit 30
