-- How a user's history length was chosen
-- table: k_selection
select * from k_selection where user_id = $user order by feature_mode
