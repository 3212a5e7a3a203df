-- Are the p-values flat where nothing is coupled?
-- mark: bar
-- x: low..high "p"
-- y: tests "tests"
-- facet: measure, direction
-- free: y
-- layer: rule y=expected "as many as chance gives"
-- section: findings
-- order: 20
-- needs: tests
-- caption: Flat bars are what no coupling looks like. A peak at 0 is signal, one at 1 a null that does not fit.
-- empty: No test has a p.
-- param bins=20 (1 to 1000): bars between 0 and 1
select measure, direction, bin / $bins as low, (bin + 1) / $bins as high, count(*) as tests,
       sum(count(*)) over (partition by measure, direction) * 1.0 / $bins as expected
from (select measure, direction, least(floor(p * $bins), $bins - 1) as bin from tests where p is not null)
group by measure, direction, bin
order by measure, direction, bin
