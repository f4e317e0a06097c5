"""What is known of builds and layers: strip, pictures, differences, columns through the layers."""
