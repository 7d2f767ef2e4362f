import { inWorkshop } from './tools.ts'

/** A legacy image as mkimage makes it; of several parts with `multi`. */
export function makeUimage(type: 'kernel' | 'multi' = 'kernel'): Uint8Array {
  return inWorkshop((workshop) => {
    workshop.write('kernel.bin', 'a kernel, as bytes go')
    workshop.write('ramdisk.bin', 'a file system')
    const data = type === 'multi' ? 'kernel.bin:ramdisk.bin' : 'kernel.bin'
    const how = ['-A', 'mips', '-O', 'linux', '-T', type, '-C', 'none', '-a', '0x80000000', '-e', '0x80000000']
    workshop.run('mkimage', ...how, '-n', 'MIPS Acme Linux-6.6', '-d', data, 'image')
    return workshop.read('image')
  })
}
