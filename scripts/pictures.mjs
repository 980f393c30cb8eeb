export const pictures = () => ({})
