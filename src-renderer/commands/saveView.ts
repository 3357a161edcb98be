/** Saving what the viewer shows as a picture, beside the other exports of the project. */
import { writePlace } from '../formats/coordinates.ts'
import { useExports } from '../stores/exports.ts'
import { useFaults } from '../stores/faults.ts'
import { useViewport } from '../stores/viewport.ts'

/** The slide and the middle of the view: “CMU-1 at 12345, 6789 px”. */
function pictureName(): string {
  const { slide, view } = useViewport()
  return `${slide?.name.replace(/\.[a-z0-9]{2,4}$/i, '') ?? 'view'}${view ? ` at ${writePlace(view.centre)}` : ''}`
}

/** @param withOverlays what is drawn over the tissue now, else the tissue alone; the scale bar is there in both */
export async function saveView(withOverlays: boolean): Promise<void> {
  const { controls } = useViewport()
  if (!controls) return
  const name = pictureName()
  await useFaults().attempt('viewer', 'The view was not saved as a picture.', async () => {
    const blob = await controls.picture(withOverlays)
    await useExports().savePicture(name, new Uint8Array(await blob.arrayBuffer()))
  })
}
