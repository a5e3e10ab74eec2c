-- The stock of a product that has its initial movement is the sum of its movements.
SELECT p.id, p.stock, sum(m.quantity) AS moved
FROM products p JOIN stock_movements m ON m.product_id = p.id
GROUP BY p.id, p.stock
HAVING bool_or(m.reason = 'initial') AND p.stock <> sum(m.quantity)
