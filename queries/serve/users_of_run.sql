-- Ids of a run's users, a page of them
select distinct user_id from expected
where user_id > $after and starts_with(user_id, $prefix) order by user_id limit 200
