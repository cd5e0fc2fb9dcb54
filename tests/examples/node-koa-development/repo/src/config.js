module.exports = {
  port: process.env.PORT || 5050,
};
