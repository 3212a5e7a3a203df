-- What made the rows.
select engine, tool_version as "version", count(*) as units from users group by engine, tool_version order by engine, tool_version
