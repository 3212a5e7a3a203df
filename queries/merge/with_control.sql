-- The rows of a table, in their order, with the share of pairs of strangers that a test of theirs calls beside each.
SELECT t.*, g.share AS {control}
FROM (SELECT feature_mode, tau, share FROM {table}
      WHERE measure = {measure} AND (direction IS NOT DISTINCT FROM {direction}) AND "null" = 'called') g
RIGHT JOIN ({rows}) t ON {same_test}
