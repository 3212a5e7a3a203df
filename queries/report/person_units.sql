-- The units of a person.
select feature_mode as "mode", state, reason, n_samples as "kept rows", k, started_at as began, elapsed_ms / 1000.0 as "seconds",
       input_fingerprint as "digest of the input (BLAKE3)"
from users where user_id = $user order by feature_mode
