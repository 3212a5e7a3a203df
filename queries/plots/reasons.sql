-- What failed or was skipped?
-- mark: bar
-- x: units "units"
-- y: reason "reason"
-- color: state
-- label: units
-- section: quality
-- order: 10
-- needs: users
-- caption: Units without a result, by what the program said of them; the 30 most frequent reasons.
-- empty: Nothing failed and nothing was skipped.
select state, coalesce(reason, 'no reason given') as reason, count(*) as units from users where state <> 'ok'
group by state, reason order by units desc, reason limit 30
