"""The pages: server-rendered, whole without scripts, and alive with them."""
