-- Queries that would end a process or fill a machine, one a line; a comment above each has its name and how it ends: `error`, or
-- `rows` where it is to be answered if it has the time. {N|TEXT|BETWEEN} stands for TEXT N times with BETWEEN between, where # in
-- TEXT is the number of it, from 1, and @ the number before. Read by tests/it/serve/hostile.rs and tests/pg_clients.py.

-- or: error
select 1 where {10000|1 = 2| or }
-- or of columns: error
select * from te where {10000|tau = 1| or }
-- union: error
{2000|select 1| union all }
-- casts: error
select 1{3000|::int|}
-- casts in words: error
select {3000|cast(|}1{3000| as bigint)|}
-- plus: error
select {20000|1| + }
-- parentheses: error
select {5000|(|}1{5000|)|}
-- more parentheses: error
select {30000|(|}1{30000|)|}
-- ctes: error
with t0 as (select 1 as n){59|, t# as (select a.n from t@ a cross join t@ b)|} select count(*) from t59
-- repeat: error
select length(repeat('x', 2000000000)) as n
-- repeat as it is: error
select repeat('x', 2000000000)
-- lpad: error
select length(lpad('x', 2000000000, 'y')) as n
-- lpad as it is: error
select lpad('x', 2147483647)
-- range: error
select count(*) as n from (select unnest(range(1, 100000000000)) as n)
-- series: error
select count(*) as n from generate_series(1, 1000000000000)
-- series as text: error
select string_agg(cast(value as varchar), ',') from generate_series(1, 100000000000)
-- text: error
select length(string_agg(repeat('x', 1000000), '')) as n from (select unnest(range(1, 100000)) as n)
-- cross: error
select count(*) as n from (select unnest(range(1, 1000000)) as a) x cross join (select unnest(range(1, 1000000)) as b) y cross join (select unnest(range(1, 1000000)) as c) z
-- parts: error
select {300|date_part('year', |}now(){300|)|}
-- not: error
select {5000|not |} true
-- case: error
select {500|case when true then |} 1 {500|end |}
-- long: error
select '{40000|xxxxxxxxxx|}'
-- in: rows
select 1 where 1 in ({50000|1|, })
