CREATE TABLE orders (id INTEGER, amount REAL, customer TEXT);
INSERT INTO orders VALUES (1, 2.5, 'a'), (2, 3.5, 'b');
CREATE TABLE customers (name TEXT);
