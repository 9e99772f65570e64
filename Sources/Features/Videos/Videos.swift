// Videos
