-- Why values are missing or doubtful; the 40 most frequent.
select severity, method as measure, error as "what", count(*) as "times", count(distinct user_id) as persons
from issues group by severity, method, error order by severity, count(*) desc, error limit 40
