-- The input of each unit.
select user_id as person, feature_mode as "mode", state, n_samples as "kept rows", input_fingerprint as "digest of the input (BLAKE3)"
from users order by position, user_id, feature_mode limit 200
