-- p of strangers, null by null
-- mark: bar
-- x: low..high "p"
-- y: share "share of the pairs"
-- facet: null_model, direction
-- layer: rule y=flat "flat: 1 in 20"
-- needs: nulls
-- caption: Source of one person, target of another: nothing can be coupled, so a right p is as often in one bar as in another.
select "null" as null_model, direction, bin / 20.0 as low, (bin + 1) / 20.0 as high,
       count(*) * 1.0 / sum(count(*)) over (partition by "null", direction) as share, 0.05 as flat
from (select "null", direction, least(floor(p * 20), 19) as bin from nulls where p is not null)
group by "null", direction, bin
order by case "null" when 'permute' then 1 when 'within_past' then 2 else 3 end, direction, bin
