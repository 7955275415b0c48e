/** A preview of a picture that is not uploaded yet, drawn from the file itself. */

const SIDE_PX = 96;

/** Into `place`, if the browser can decode it. @param {HTMLElement} place @param {File} file */
export async function showPreview(place, file) {
  try {
    const picture = await createImageBitmap(file);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE_PX;
    const part = Math.max(SIDE_PX / picture.width, SIDE_PX / picture.height);
    const [width, height] = [picture.width * part, picture.height * part];
    const context = canvas.getContext("2d");
    context?.drawImage(picture, (SIDE_PX - width) / 2, (SIDE_PX - height) / 2, width, height);
    picture.close();
    if (place.childElementCount === 0) {
      place.append(canvas);
    }
  } catch {
    // The icon stays; the service may know the format.
  }
}
