-- All persons in the order of the plan, as far as they have a row.
select user_id from users group by user_id order by min(position), user_id
