-- p of whole days, by how many days there are
-- mark: point
-- x: days "used days"
-- y: p "p"
-- y-scale: log
-- color: direction
-- layer: line y=p_floor "smallest p that is possible"
-- layer: rule y=0.05 ".05"
-- needs: nulls
-- caption: Made-up people, transfer entropy at lag 1. With fewer than four days no coupling, however strong, gets below .05.
select days, p, p_floor, direction from nulls
where "null" = 'days' and measure = 'te' and tau = 1 and p is not null
order by days, p
