-- How many strangers a test at .05 calls
-- mark: range
-- x: share "share of pairs of strangers with p at or below .05"
-- y: test "null"
-- low: low
-- high: high
-- color: direction
-- layer: rule x=alpha ".05"
-- needs: control
-- caption: Shares with their exact 95 % intervals. A test that is right calls .05.
select "null" as test, direction, share, low, high, alpha from control
where "null" <> 'called' and pairs > 0
order by case "null" when 'permute' then 1 when 'within_past' then 2 else 3 end, direction
