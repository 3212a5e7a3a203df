-- All persons in the order of the plan.
select user_id from expected group by user_id order by min(position), user_id
