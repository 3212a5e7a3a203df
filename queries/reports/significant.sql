-- Tests of transfer entropy with small q, smallest first.
-- param alpha=0.05: q is below it
SELECT user_id, feature_mode, tau, 'A2S' AS direction, TE_A2S AS te_bits, p_A2S AS p, q_A2S AS q FROM te WHERE q_A2S < $alpha
UNION ALL
SELECT user_id, feature_mode, tau, 'S2A', TE_S2A, p_S2A, q_S2A FROM te WHERE q_S2A < $alpha
ORDER BY q, p, user_id, tau, direction
