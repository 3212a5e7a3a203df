-- When there was data of a user
-- table: hour_bins
select * from hour_bins where user_id = $user order by feature_mode
