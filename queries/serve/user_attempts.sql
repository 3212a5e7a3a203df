-- Every attempt of a user, and whether its rows are the user's
-- table: users
select r.feature_mode, r.attempt, u.attempt is not null as counts, r.state, r.reason, r.shard, r.started_at,
       r.finished_at, r.elapsed_ms, r.n_samples, r.k, r.tool_version
from raw.users r left join users u
     on u.user_id = r.user_id and u.feature_mode = r.feature_mode and u.attempt = r.attempt
where r.user_id = $user order by r.feature_mode, r.started_at
