using System.Globalization;
using FlameEdge.Diagnostics;

namespace FlameEdge.Control.Fleet;

/// <summary>Times of day such as <c>22:00-06:00</c>: from the first minute to before the last, over midnight where the end is earlier. A window that ends where it starts never opens.</summary>
public sealed class DailyWindows
{
    private const int DayMinutes = 24 * 60;
    private const string Never = "00:00-00:00";
    private readonly bool[] isOpen = new bool[DayMinutes];

    /// <summary>The times that any of <paramref name="windows"/> holds; null or none of them is always.</summary>
    /// <exception cref="TopologyException">One of them is no window.</exception>
    public DailyWindows(IReadOnlyList<string>? windows)
    {
        if (windows is null or { Count: 0 })
        {
            Array.Fill(isOpen, true);
            return;
        }

        foreach (var window in windows)
        {
            var (from, to) = Parse(window) ?? throw new TopologyException($"'{window}' is no training window; write times of day such as 22:00-06:00");
            for (var minute = from; minute != to; minute = (minute + 1) % DayMinutes)
            {
                isOpen[minute] = true;
                if (to == DayMinutes && minute == DayMinutes - 1)
                {
                    break;
                }
            }
        }
    }

    /// <summary>True where a text is a window: <c>HH:MM-HH:MM</c>, the end at most 24:00.</summary>
    public static bool IsOne(string text) => Parse(text) is not null;

    /// <summary>The times that both lists hold, as a list; null where neither bounds anything.</summary>
    public static IReadOnlyList<string>? Common(IReadOnlyList<string>? one, IReadOnlyList<string>? other)
    {
        if (one is null or { Count: 0 } || other is null or { Count: 0 })
        {
            return one is { Count: > 0 } ? one : other is { Count: > 0 } ? other : null;
        }

        var (first, second) = (new DailyWindows(one), new DailyWindows(other));
        for (var minute = 0; minute < DayMinutes; minute++)
        {
            first.isOpen[minute] &= second.isOpen[minute];
        }

        return first.ToTexts();
    }

    /// <summary>Whether the window is open at a time of day.</summary>
    public bool Holds(TimeOnly time) => isOpen[(time.Hour * 60) + time.Minute];

    /// <summary>When it opens next, from a time at which it is closed; null for never.</summary>
    public TimeOnly? NextOpening(TimeOnly from)
    {
        var start = (from.Hour * 60) + from.Minute;
        for (var ahead = 1; ahead <= DayMinutes; ahead++)
        {
            var minute = (start + ahead) % DayMinutes;
            if (isOpen[minute])
            {
                return new TimeOnly(minute / 60, minute % 60);
            }
        }

        return null;
    }

    private List<string> ToTexts()
    {
        var texts = new List<string>();
        for (var minute = 0; minute < DayMinutes; minute++)
        {
            if (!isOpen[minute] || (minute > 0 && isOpen[minute - 1]))
            {
                continue;
            }

            var end = Array.IndexOf(isOpen, false, minute);
            texts.Add($"{Text(minute)}-{Text(end < 0 ? DayMinutes : end)}");
        }

        if (texts.Count == 0)
        {
            // No window at all would mean always.
            texts.Add(Never);
        }

        return texts;
    }

    private static string Text(int minute) => string.Create(CultureInfo.InvariantCulture, $"{minute / 60:00}:{minute % 60:00}");

    private static (int From, int To)? Parse(string text) =>
        text.Length == 11 && text[5] == '-' && Minute(text.AsSpan(0, 5)) is { } from && from < DayMinutes && Minute(text.AsSpan(6)) is { } to ? (from, to) : null;

    private static int? Minute(ReadOnlySpan<char> text)
    {
        if (text[2] != ':' || !int.TryParse(text[..2], NumberStyles.None, CultureInfo.InvariantCulture, out var hour) || !int.TryParse(text[3..], NumberStyles.None, CultureInfo.InvariantCulture, out var minute))
        {
            return null;
        }

        return minute < 60 && ((hour * 60) + minute) <= DayMinutes ? (hour * 60) + minute : null;
    }
}
