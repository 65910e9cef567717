// Names of registers and commands, from the data sheets that the drivers name.

const AXP2101 = {
  0x00: "STATUS1", 0x01: "STATUS2", 0x03: "CHIP_ID", 0x10: "COMMON_CFG", 0x22: "PWROFF_EN", 0x27: "IRQ_OFF_ON_LEVEL",
  0x30: "ADC_EN", 0x34: "VBAT_H", 0x35: "VBAT_L", 0x40: "IRQ_EN0", 0x41: "IRQ_EN1", 0x42: "IRQ_EN2", 0x48: "IRQ_STATUS0",
  0x49: "IRQ_STATUS1 (key)", 0x4a: "IRQ_STATUS2", 0x90: "LDO_EN0", 0x91: "LDO_EN1", 0x92: "ALDO1_V", 0x93: "ALDO2_V",
  0x94: "ALDO3_V", 0x95: "ALDO4_V", 0x96: "BLDO1_V", 0x97: "BLDO2_V", 0x98: "CPUSLDO_V", 0x99: "DLDO1_V", 0x9a: "DLDO2_V",
  0xa4: "BATTERY_PERCENT",
}; // prettier-ignore
const AW9523B = {
  0x00: "INPUT_P0", 0x01: "INPUT_P1", 0x02: "OUTPUT_P0", 0x03: "OUTPUT_P1", 0x04: "CONFIG_P0", 0x05: "CONFIG_P1",
  0x06: "INT_P0", 0x07: "INT_P1", 0x10: "ID", 0x11: "GCR", 0x12: "LED_MODE_P0", 0x13: "LED_MODE_P1",
}; // prettier-ignore
const BM8563 = {
  0x00: "CONTROL1", 0x01: "CONTROL2", 0x02: "SECONDS", 0x03: "MINUTES", 0x04: "HOURS", 0x05: "DAYS", 0x06: "WEEKDAYS",
  0x07: "MONTHS", 0x08: "YEARS",
}; // prettier-ignore
const AW88298 = {
  0x00: "ID", 0x01: "SYSST", 0x04: "SYSCTRL", 0x05: "SYSCTRL2", 0x06: "I2SCTRL", 0x0c: "HAGCCFG4", 0x61: "BSTCTRL2",
}; // prettier-ignore
const MAX17048 = { 0x02: "VCELL", 0x04: "SOC", 0x08: "VERSION", 0x0c: "CONFIG", 0x16: "CRATE" };
const GC0308 = { 0x00: "CHIP_ID" };
const DISPLAY = {
  0x01: "SWRESET", 0x10: "SLPIN", 0x11: "SLPOUT", 0x13: "NORON", 0x20: "INVOFF", 0x21: "INVON", 0x28: "DISPOFF", 0x29: "DISPON",
  0x2a: "CASET", 0x2b: "RASET", 0x2c: "RAMWR", 0x36: "MADCTL", 0x38: "IDMOFF", 0x3a: "COLMOD", 0xc8: "SETEXTC",
}; // prettier-ignore
const CARD = {
  0: "GO_IDLE_STATE", 8: "SEND_IF_COND", 9: "SEND_CSD", 10: "SEND_CID", 12: "STOP_TRANSMISSION", 13: "SEND_STATUS", 16: "SET_BLOCKLEN",
  17: "READ_SINGLE_BLOCK", 18: "READ_MULTIPLE_BLOCK", 24: "WRITE_BLOCK", 25: "WRITE_MULTIPLE_BLOCK", 55: "APP_CMD", 58: "READ_OCR", 59: "CRC_ON_OFF",
}; // prettier-ignore
const CARD_APPLICATION = { 13: "SD_STATUS", 23: "SET_WR_BLK_ERASE_COUNT", 41: "SD_SEND_OP_COND", 51: "SEND_SCR" };

const CHIPS = { AXP2101, AW9523B, BM8563, AW88298, MAX17048, GC0308, ILI9342C: DISPLAY, ST7789: DISPLAY };
const WAYS = { r: "reads", w: "writes", p: "data of" };

const hex = (number) => `0x${number.toString(16).padStart(2, "0")}`;

/** Return what a row of traffic is: a register or a command by its name. */
export function named(chip, kind, reg) {
  if (kind === "c") return `CMD${reg} ${CARD[reg] ?? ""}`;
  if (kind === "a") return `ACMD${reg} ${CARD_APPLICATION[reg] ?? ""}`;
  if (chip === "SDMMC") return `${WAYS[kind]} sector ${reg}`;
  const name = CHIPS[chip]?.[reg];
  return `${WAYS[kind]} ${name ? `${name} (${hex(reg)})` : hex(reg)}`;
}
