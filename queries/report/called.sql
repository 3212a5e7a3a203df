-- Persons whom a measure calls, by lag and direction.
select measure, feature_mode, tau, count(distinct user_id) as persons,
       count(distinct case when direction = 'A2S' and q < $alpha then user_id end) as forth,
       count(distinct case when direction = 'S2A' and q < $alpha then user_id end) as back,
       count(distinct case when direction is null and q < $alpha then user_id end) as without
from tests where q is not null
group by measure, feature_mode, tau order by measure, feature_mode, tau
