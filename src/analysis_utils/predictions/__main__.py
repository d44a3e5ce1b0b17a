"""Write the files of predictions anew."""

from analysis_utils.predictions.predict import write

if __name__ == "__main__":
    write()
