/* The sum of a convolution's kernel laid over x with its first tap at (row, column), which padding may put outside. */
static inline float PREFIX_tap(const float *x, int32_t channels, int32_t height, int32_t width, const float *weight,
                               int32_t kernel, int32_t row, int32_t column, float sum)
{
    const int32_t top = row < 0 ? -row : 0, bottom = row + kernel > height ? height - row : kernel;
    const int32_t left = column < 0 ? -column : 0, right = column + kernel > width ? width - column : kernel;
    for (int32_t c = 0; c < channels; c++) {
        for (int32_t i = top; i < bottom; i++) {
            for (int32_t j = left; j < right; j++) {
                sum += weight[(c * kernel + i) * kernel + j] * x[(c * height + row + i) * width + column + j];
            }
        }
    }
    return sum;
}
//
/* What happens to each element that a convolution has computed, in this order. */
typedef struct {
    int relu;           /* 1: what is below the floor becomes the floor */
    const float *floor; /* per channel; NULL: 0 */
    const float *scale; /* per channel; NULL: no scale and shift */
    const float *shift;
    int32_t pool;       /* 0: stored as it is; 1: the largest of 2 x 2; 2: the mean of all */
} PREFIX_finish;

static inline float PREFIX_finished(float y, int32_t channel, const PREFIX_finish *finish)
{
    if (finish->relu) {
        const float least = finish->floor ? finish->floor[channel] : 0.0f;
        y = y > least ? y : least;
    }
    return finish->scale ? y * finish->scale[channel] + finish->shift[channel] : y;
}

/* Convolution of x into y, finished and pooled before it is stored, so that what is pooled away needs no memory.
   Depthwise: each channel of y is made of the channel of x of its number alone. */
static inline void PREFIX_convolution(const float *x, int32_t channels, int32_t height, int32_t width,
                                      const float *weight, const float *bias, int32_t outputs, int32_t kernel,
                                      int32_t padding, int depthwise, const PREFIX_finish *finish, float *y)
{
    const int32_t rows = height + 2 * padding - kernel + 1, columns = width + 2 * padding - kernel + 1;
    const int32_t step = finish->pool == 1 ? 2 : 1, read = depthwise ? 1 : channels;
    for (int32_t o = 0; o < outputs; o++) {
        const float *from = depthwise ? x + o * height * width : x, *w = weight + o * read * kernel * kernel;
        float total = 0.0f;
        for (int32_t r = 0; r + step <= rows; r += step) {
            for (int32_t q = 0; q + step <= columns; q += step) {
                float best = 0.0f;
                for (int32_t n = 0; n < step * step; n++) {
                    const float sum = PREFIX_tap(from, read, height, width, w, kernel, r + n / 2 - padding,
                                                 q + n % 2 - padding, bias ? bias[o] : 0.0f);
                    const float element = PREFIX_finished(sum, o, finish);
                    best = n == 0 || element > best ? element : best;
                }
                if (finish->pool == 2) {
                    total += best;
                } else {
                    *y++ = best;
                }
            }
        }
        if (finish->pool == 2) {
            *y++ = total / (float)(rows * columns);
        }
    }
}
//
/* Fully connected: y = weight x + bias. */
static inline void PREFIX_linear(const float *x, int32_t inputs, const float *weight, const float *bias,
                                 int32_t outputs, float *y)
{
    for (int32_t o = 0; o < outputs; o++) {
        float sum = bias ? bias[o] : 0.0f;
        for (int32_t i = 0; i < inputs; i++) {
            sum += weight[o * inputs + i] * x[i];
        }
        y[o] = sum;
    }
}
//
/* What is below the floor of its channel (NULL: 0) becomes the floor, in place. */
static inline void PREFIX_relu(float *x, int32_t channels, int32_t area, const float *floors)
{
    for (int32_t i = 0; i < channels * area; i++) {
        const float least = floors ? floors[i / area] : 0.0f;
        x[i] = x[i] > least ? x[i] : least;
    }
}
//
/* scale * x + shift in each channel, in place. */
static inline void PREFIX_scale_shift(float *x, int32_t channels, int32_t area, const float *scale, const float *shift)
{
    for (int32_t i = 0; i < channels * area; i++) {
        x[i] = x[i] * scale[i / area] + shift[i / area];
    }
}
//
/* The largest of each 2 x 2, in place: nothing is written before it has been read. */
static inline void PREFIX_max_pool(float *x, int32_t channels, int32_t height, int32_t width)
{
    float *y = x;
    for (int32_t c = 0; c < channels; c++) {
        for (int32_t r = 0; r + 1 < height; r += 2) {
            for (int32_t q = 0; q + 1 < width; q += 2) {
                const float *from = x + (c * height + r) * width + q;
                const float above = from[0] > from[1] ? from[0] : from[1];
                const float below = from[width] > from[width + 1] ? from[width] : from[width + 1];
                *y++ = above > below ? above : below;
            }
        }
    }
}
//
/* The mean of each channel, in place. */
static inline void PREFIX_global_average_pool(float *x, int32_t channels, int32_t area)
{
    for (int32_t c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (int32_t i = 0; i < area; i++) {
            sum += x[c * area + i];
        }
        x[c] = sum / (float)area;
    }
}
