-- Units of the plan without a row in the ledger.
select count(*) as missing
from (select e.user_id from expected e left join users u on u.user_id = e.user_id and u.feature_mode = e.feature_mode
      where u.user_id is null)
