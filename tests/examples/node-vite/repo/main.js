document.body.dataset.ready = import.meta.env.VITE_GREETING ?? "yes";
