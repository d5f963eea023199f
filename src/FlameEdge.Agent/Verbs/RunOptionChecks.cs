using System.CommandLine.Parsing;
using FlameEdge.Models;

namespace FlameEdge.Agent.Verbs;

/// <summary>Refuses what <c>run</c>'s options cannot mean before anything is read or written.</summary>
internal static class RunOptionChecks
{
    private const int LongestPrefix = 36;

    public static Uri? Broker(ArgumentResult argument)
    {
        var text = argument.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var broker) && broker is { Scheme: "mqtt" or "mqtts", Host.Length: > 0, UserInfo: "", PathAndQuery: "" or "/" })
        {
            return broker;
        }

        argument.AddError($"--broker {text} is no broker address: write mqtt://host:port, or mqtts://host:port for TLS");
        return null;
    }

    public static void Port(OptionResult option)
    {
        if (Text(option) is { } text && int.TryParse(text, out var port) && port is < 0 or > ushort.MaxValue)
        {
            option.AddError($"--port {text} is no port: write a number up to {ushort.MaxValue}, or 0 for a free one");
        }
    }

    public static void Prefix(OptionResult option)
    {
        if (Text(option) is { } text && (text.Length is 0 or > LongestPrefix || !text.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-')))
        {
            option.AddError($"--prefix '{text}' is not one level of a topic: write 1 to {LongestPrefix} of a-z, 0-9 and dashes");
        }
    }

    public static void Runtime(OptionResult option, IReadOnlyList<IEngine> engines)
    {
        if (Text(option) is { } text && engines.All(engine => engine.Name != text))
        {
            option.AddError($"--runtime {text} is not on board: this program has {string.Join(", ", engines.Select(engine => engine.Name))}");
        }
    }

    public static void Folder(OptionResult option)
    {
        if (Text(option) is { } text && (string.IsNullOrWhiteSpace(text) || text.Contains('\0', StringComparison.Ordinal)))
        {
            option.AddError("--out names no folder: write its path, or leave the option out");
        }
    }

    private static string? Text(OptionResult option) => option.Tokens is [var token, ..] ? token.Value : null;
}
