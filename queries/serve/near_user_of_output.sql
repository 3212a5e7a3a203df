-- Whose id in a merged output is most like one that is not there
select user_id, levenshtein(user_id, $user) as far from users
where abs(character_length(user_id) - character_length($user)) <= 3 order by far, user_id limit 1
