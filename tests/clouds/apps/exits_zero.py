print("nothing to do", flush=True)
