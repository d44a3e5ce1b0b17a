window.SHAPES={"box":"0 0 975 610","counties":{"01001":"M10 10L100 10L100 100Z"}};
