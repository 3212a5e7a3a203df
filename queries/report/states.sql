-- Units by state.
select state, count(*) as units, count(distinct user_id) as persons from users group by state order by state
