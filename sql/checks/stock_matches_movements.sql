-- A product that has movements has exactly their sum in stock.
SELECT p.id, p.stock, sum(m.quantity) AS moved
FROM products p JOIN stock_movements m ON m.product_id = p.id
GROUP BY p.id, p.stock
HAVING bool_or(m.reason = 'initial') AND p.stock <> sum(m.quantity)
