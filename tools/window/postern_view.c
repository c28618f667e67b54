/* postern_view.c: the viewer in a window: the only file that knows SDL.
 *
 *   SDL events --names of keys, places--> viewer --picture--> pixels (picture_raster) --> a texture
 *
 * It waits for events: while nobody touches it and nothing plays, it uses no CPU. The pixels are
 * those of `postern view --png`. Where there is no display SDL would open a window that nobody
 * sees: that is refused, unless SDL_VIDEODRIVER asks for it.
 */
#include "tools/commands.h"
#include "tools/view/font.h"
#include "tools/view/picture_raster.h"
#include "tools/view/view_door.h"

#include <SDL.h>
#include <stdlib.h>
#include <string.h>

struct shown {
    struct viewer *viewer;
    const char *font_path;
    struct font *font;
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    int width, height; /* pixels: more than the window's points on a dense display */
    uint8_t *pixels;
    uint64_t drawn; /* the viewer's picture that they are */
};

/* --- drawing --------------------------------------------------------------------------------- */

/* A window that is too small or too large is shown scaled. */
static int within(int size, int min)
{
    return size < min ? min : size > VIEW_SIZE_MAX ? VIEW_SIZE_MAX : size;
}

/* Text of a dense display is as large as elsewhere: its size comes from the pixels that there
 * are. */
static void fit(struct shown *shown)
{
    int width, height;
    if (SDL_GetRendererOutputSize(shown->renderer, &width, &height) != 0)
        return;
    width = within(width, VIEW_WIDTH_MIN);
    height = within(height, VIEW_HEIGHT_MIN);
    if (width == shown->width && height == shown->height)
        return;
    shown->width = width;
    shown->height = height;
    if (shown->texture)
        SDL_DestroyTexture(shown->texture);
    shown->texture = SDL_CreateTexture(shown->renderer, SDL_PIXELFORMAT_RGB24,
                                       SDL_TEXTUREACCESS_STREAMING, width, height);
    viewer_resize(shown->viewer, width, height);
    shown->pixels = realloc(shown->pixels, (size_t)width * (size_t)height * 3);
    if (!shown->pixels || !shown->texture)
        abort();
}

static void draw(struct shown *shown)
{
    fit(shown);
    const struct picture *picture = viewer_picture(shown->viewer);
    if (shown->drawn != shown->viewer->drawn) {
        shown->drawn = shown->viewer->drawn;
        picture_raster(picture, shown->font, shown->pixels);
        SDL_UpdateTexture(shown->texture, NULL, shown->pixels, shown->width * 3);
    }
    SDL_RenderCopy(shown->renderer, shown->texture, NULL, NULL);
    SDL_RenderPresent(shown->renderer);
}

/* --- events ---------------------------------------------------------------------------------- */

/* "": text, which comes as an event of its own. */
static const char *key_name(const SDL_Keysym *key)
{
    bool shift = key->mod & KMOD_SHIFT;
    switch (key->sym) {
    case SDLK_LEFT:
        return shift ? "shift+Left" : "Left";
    case SDLK_RIGHT:
        return shift ? "shift+Right" : "Right";
    case SDLK_HOME:
        return "Home";
    case SDLK_END:
        return "End";
    case SDLK_PAGEUP:
        return "PageUp";
    case SDLK_PAGEDOWN:
        return "PageDown";
    case SDLK_TAB:
        return "Tab";
    case SDLK_ESCAPE:
        return "Escape";
    case SDLK_RETURN:
    case SDLK_KP_ENTER:
        return "Return";
    case SDLK_BACKSPACE:
        return "Backspace";
    default:
        return "";
    }
}

/* From the window's points to pixels, across and down: where it is shown scaled these differ. */
static int to_x(const struct shown *shown, int points)
{
    int width, height;
    SDL_GetWindowSize(shown->window, &width, &height);
    return width > 0 ? (int)((int64_t)points * shown->width / width) : points;
}

static int to_y(const struct shown *shown, int points)
{
    int width, height;
    SDL_GetWindowSize(shown->window, &width, &height);
    return height > 0 ? (int)((int64_t)points * shown->height / height) : points;
}

static void take_button(struct shown *shown, const SDL_MouseButtonEvent *button)
{
    int x = to_x(shown, button->x), y = to_y(shown, button->y);
    if (button->button != SDL_BUTTON_LEFT)
        return;
    if (button->state == SDL_PRESSED)
        viewer_press(shown->viewer, x, y);
    else
        viewer_release(shown->viewer, x, y);
}

static void take_mouse(struct shown *shown, const SDL_Event *event)
{
    int x, y;
    switch (event->type) {
    case SDL_MOUSEMOTION:
        viewer_hover(shown->viewer, to_x(shown, event->motion.x), to_y(shown, event->motion.y));
        break;
    case SDL_MOUSEBUTTONDOWN:
    case SDL_MOUSEBUTTONUP:
        take_button(shown, &event->button);
        break;
    case SDL_MOUSEWHEEL:
        SDL_GetMouseState(&x, &y);
        viewer_wheel(shown->viewer, to_x(shown, x), event->wheel.y);
        break;
    default:
        break;
    }
}

static void take_event(struct shown *shown, const SDL_Event *event)
{
    switch (event->type) {
    case SDL_QUIT:
        shown->viewer->wish = WISH_QUIT;
        break;
    case SDL_KEYDOWN:
        if (*key_name(&event->key.keysym))
            viewer_key(shown->viewer, key_name(&event->key.keysym));
        break;
    case SDL_TEXTINPUT:
        viewer_key(shown->viewer, strcmp(event->text.text, " ") == 0 ? "Space" : event->text.text);
        break;
    default:
        take_mouse(shown, event);
        break;
    }
}

/* False: it is to be left. Whatever else is waiting is taken before the next drawing. */
static bool take_events(struct shown *shown)
{
    SDL_Event event;
    bool came = shown->viewer->playing ? SDL_WaitEventTimeout(&event, VIEWER_TICK_MS)
                                       : SDL_WaitEvent(&event);
    for (; came; came = SDL_PollEvent(&event)) {
        take_event(shown, &event);
        enum viewer_wish wish = viewer_take_wish(shown->viewer);
        if (wish == WISH_QUIT)
            return false;
        view_grant(shown->viewer, wish, shown->font_path);
    }
    viewer_tick(shown->viewer);
    return true;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool has_display(void)
{
    static const char *const unseen[] = {"offscreen", "dummy", "evdev"};
    const char *driver = SDL_GetCurrentVideoDriver();
    if (getenv("SDL_VIDEODRIVER"))
        return driver != NULL;
    for (size_t i = 0; driver && i < sizeof unseen / sizeof unseen[0]; i++)
        if (strcmp(driver, unseen[i]) == 0)
            return false;
    return driver != NULL;
}

static bool open_window(struct shown *shown)
{
    const struct view *view = &shown->viewer->view;
    char title[SCENARIO_ID_MAX + 16];
    snprintf(title, sizeof title, "%s - postern", shown->viewer->replay->scenario->id);
    shown->window =
        SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, view->width,
                         view->height, SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (!shown->window)
        return false;
    SDL_SetWindowMinimumSize(shown->window, VIEW_WIDTH_MIN, VIEW_HEIGHT_MIN);
    shown->renderer = SDL_CreateRenderer(shown->window, -1, 0);
    if (!shown->renderer)
        shown->renderer = SDL_CreateRenderer(shown->window, -1, SDL_RENDERER_SOFTWARE);
    return shown->renderer != NULL;
}

static int run_window(struct shown *shown)
{
    char why[FONT_WHY_MAX];
    shown->font = font_open(shown->font_path, why);
    if (!shown->font) {
        fprintf(stderr, "postern view: error: %s\n", why);
        return CODE_BAD_INPUT;
    }
    if (!open_window(shown)) {
        fprintf(stderr, "postern view: error: no window: %s\n", SDL_GetError());
        return CODE_BAD_INPUT;
    }
    SDL_StartTextInput();
    do {
        draw(shown);
    } while (take_events(shown));
    return CODE_HOLDS;
}

static int show_window(struct viewer *viewer, const char *font)
{
    struct shown shown = {.viewer = viewer, .font_path = font};
    int code = run_window(&shown);
    if (shown.texture)
        SDL_DestroyTexture(shown.texture);
    if (shown.renderer)
        SDL_DestroyRenderer(shown.renderer);
    if (shown.window)
        SDL_DestroyWindow(shown.window);
    font_free(shown.font);
    free(shown.pixels);
    return code;
}

int main(int argc, char **argv)
{
    if (SDL_Init(SDL_INIT_VIDEO) != 0 || !has_display()) {
        fprintf(stderr, "postern view: error: there is no display here; without one:\n"
                        "  postern view SCENARIO --png x.png     the same picture as a file\n"
                        "  postern map SCENARIO                  the map as text\n");
        SDL_Quit();
        return CODE_BAD_INPUT;
    }
    int code = view_door(argc, argv, show_window);
    SDL_Quit();
    return code;
}
