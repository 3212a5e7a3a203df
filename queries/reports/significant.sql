-- Tests of transfer entropy with q below 0.05, smallest first.
SELECT user_id, feature_mode, tau, 'A2S' AS direction, TE_A2S AS te_bits, p_A2S AS p, q_A2S AS q FROM te WHERE q_A2S < 0.05
UNION ALL
SELECT user_id, feature_mode, tau, 'S2A', TE_S2A, p_S2A, q_S2A FROM te WHERE q_S2A < 0.05
ORDER BY q, p, user_id, tau, direction
