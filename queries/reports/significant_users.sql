-- Users with small q, for each measure, feature mode, lag and direction.
-- param alpha=0.05: q is below it
SELECT measure, feature_mode, tau, direction, count(DISTINCT CASE WHEN q IS NOT NULL THEN user_id END) AS tested,
       count(DISTINCT CASE WHEN q < $alpha THEN user_id END) AS significant
FROM (
  SELECT 'te' AS measure, user_id, feature_mode, tau, 'A2S' AS direction, q_A2S AS q FROM te
  UNION ALL SELECT 'te', user_id, feature_mode, tau, 'S2A', q_S2A FROM te
  UNION ALL SELECT 'stratified_cte', user_id, feature_mode, tau, 'A2S', q_A2S FROM stratified_cte
  UNION ALL SELECT 'stratified_cte', user_id, feature_mode, tau, 'S2A', q_S2A FROM stratified_cte
  UNION ALL SELECT 'true_cte', user_id, feature_mode, tau, 'A2S', q_A2S FROM true_cte
  UNION ALL SELECT 'true_cte', user_id, feature_mode, tau, 'S2A', q_S2A FROM true_cte
  UNION ALL SELECT 'ste', user_id, feature_mode, tau, 'A2S', q_A2S FROM ste
  UNION ALL SELECT 'ste', user_id, feature_mode, tau, 'S2A', q_S2A FROM ste
  UNION ALL SELECT 'gc', user_id, feature_mode, NULL, 'A2S', q_GC_A2S FROM gc
  UNION ALL SELECT 'gc', user_id, feature_mode, NULL, 'S2A', q_GC_S2A FROM gc)
GROUP BY measure, feature_mode, tau, direction ORDER BY measure, feature_mode, tau, direction
