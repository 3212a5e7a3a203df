-- What was noticed about a person.
select severity, method as measure, tau as lag, error as "what" from issues where user_id = $user
order by severity, method, tau, error limit 100
