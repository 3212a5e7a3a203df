-- Whether a run plans a user, and who stands before and behind
select count(*) filter (where user_id = $user) as found,
       max(user_id) filter (where user_id < $user) as previous, min(user_id) filter (where user_id > $user) as next
from expected
