-- Which history lengths were chosen, and how many lie at the edge of the grid?
-- mark: bar
-- x: k "history length k (steps)"
-- y: units "units"
-- color: place
-- facet: feature_mode
-- x-scale: category
-- section: data
-- order: 40
-- needs: k_selection
-- caption: Where many are at the edge, longer histories might be chosen if they were offered.
-- empty: No history length was chosen.
select feature_mode, k_selected as k, case when k_at_grid_edge then 'at the edge of the grid' else 'inside the grid' end as place,
       count(*) as units
from k_selection group by feature_mode, k_selected, k_at_grid_edge
order by feature_mode, k, place desc
