CREATE TABLE transformation_config (
  Layer TEXT, StepName TEXT, StepType TEXT, Engine TEXT, Value TEXT, Params TEXT, Inputs TEXT, Outputs TEXT
);
INSERT INTO transformation_config VALUES
  ('ingest', 'read_orders', 'config_op', 'duckdb', 'orders.csv', NULL, NULL, '{"data": "orders"}'),
  ('transform', 'clean_orders', 'sql', 'duckdb', 'SELECT * FROM data WHERE amount > 100', NULL,
   '{"data": "orders"}', '{"data": "clean"}'),
  ('store', 'write_clean', 'config_op', 'duckdb', 'clean.parquet', NULL, '{"data": "clean"}', '');
