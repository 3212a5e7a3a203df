-- What kept values of a user from being computed
-- table: issues
select * from issues where user_id = $user order by feature_mode, method, tau
