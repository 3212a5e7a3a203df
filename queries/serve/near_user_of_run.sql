-- Whose id in a run's plan is most like one that is not there
select user_id, levenshtein(user_id, $user) as far from expected
where abs(character_length(user_id) - character_length($user)) <= 3 order by far, user_id limit 1
