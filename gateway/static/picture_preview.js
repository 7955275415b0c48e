/** A preview of a picture that is not uploaded yet, drawn from the file itself. */

const SIDE_PX = 144; // the largest place is 72 wide, at two pixels each

/** Its middle, as a square; null where the browser cannot show it: the service may know more. @param {File} file */
export async function previewOf(file) {
  try {
    const picture = await createImageBitmap(file);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE_PX;
    const part = Math.max(SIDE_PX / picture.width, SIDE_PX / picture.height);
    const [width, height] = [picture.width * part, picture.height * part];
    const context = canvas.getContext("2d");
    context?.drawImage(picture, (SIDE_PX - width) / 2, (SIDE_PX - height) / 2, width, height);
    picture.close();
    return canvas;
  } catch {
    return null;
  }
}
