def read_orders(context):
    return context.connections.get("warehouse").query("SELECT * FROM orders")
