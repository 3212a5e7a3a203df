-- How many rows a table of a run has, by its ledger
select coalesce(sum(row_count), 0) as rows from files where table_name = $table
