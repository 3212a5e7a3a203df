-- The units that took longest.
select user_id as person, feature_mode as "mode", shard, elapsed_ms / 1000.0 as "seconds", n_samples as "kept rows", k
from users order by elapsed_ms desc, user_id, feature_mode limit 20
