using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Mqtt.Identity;

/// <summary>A file of users with the hashes of their passwords, for small set-ups; mosquitto's <c>password_file</c> has the same form.</summary>
/// <remarks>One user per line, <c>NAME:$7$ITERATIONS$SALT$HASH</c>: PBKDF2 with HMAC-SHA-512 (RFC 8018 §5.2), salt and hash in base64. The file is read anew at every question, so that
/// a change holds from the next connect on.</remarks>
/// <param name="path">The file.</param>
public sealed class PasswordBook(string path)
{
    // Tens of milliseconds, which a guesser pays for every guess.
    private const int Iterations = 100_000;
    private const int MostIterations = 10_000_000;
    private const int SaltBytes = 12; // What mosquitto takes.
    private const int HashBytes = 64;

    // What an unknown name is compared with, so that the time of the answer does not tell who is known.
    private static readonly Entry Nobody = new(Iterations, new byte[SaltBytes], new byte[HashBytes]);

    // Who was right before pays no more: a fleet that comes back all at once must not wait for hashes. Under a key of this process's own, the passwords themselves are not kept.
    private readonly ConcurrentDictionary<string, (byte[] Hash, byte[] Mark)> right = new(StringComparer.Ordinal);
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);

    /// <summary>True where the user has this password.</summary>
    /// <exception cref="StateException">The file cannot be read.</exception>
    public bool IsRight(string user, ReadOnlySpan<byte> password)
    {
        var known = Read().GetValueOrDefault(user);
        var entry = known ?? Nobody;
        var mark = HMACSHA256.HashData(key, password);
        if (right.TryGetValue(user, out var before) && before.Hash.AsSpan().SequenceEqual(entry.Hash) && CryptographicOperations.FixedTimeEquals(before.Mark, mark))
        {
            return known is not null;
        }

        var hash = Rfc2898DeriveBytes.Pbkdf2(password, entry.Salt, entry.Iterations, HashAlgorithmName.SHA512, entry.Hash.Length);
        if (!CryptographicOperations.FixedTimeEquals(hash, entry.Hash) || known is null)
        {
            return false;
        }

        right[user] = (entry.Hash, mark);
        return true;
    }

    /// <summary>Gives a user a password, its first or another; the file is made where there is none, readable by its owner alone.</summary>
    /// <exception cref="StateException">The name cannot be a user's, the password is empty, or the file cannot be read or written.</exception>
    public void Set(string user, string password)
    {
        if (!SafeName.IsSafe(user) || string.IsNullOrEmpty(password))
        {
            throw new StateException($"'{user}' gets no password: a user is 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes, and its password is not empty");
        }

        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var users = File.Exists(path) ? Read() : new(StringComparer.Ordinal);
        users[user] = new Entry(Iterations, salt, Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Iterations, HashAlgorithmName.SHA512, HashBytes));
        IdentityFolder.Put(path, string.Join('\n', users.Select(pair => $"{pair.Key}:{pair.Value}")), UnixFileMode.UserRead | UnixFileMode.UserWrite, overwrite: true);
    }

    /// <summary>Throws what a question would throw.</summary>
    /// <exception cref="StateException">The file cannot be read.</exception>
    public void Check() => _ = Read();

    private SortedDictionary<string, Entry> Read()
    {
        try
        {
            var users = new SortedDictionary<string, Entry>(StringComparer.Ordinal);
            foreach (var (line, number) in File.ReadLines(path).Select((line, index) => (line, index + 1)).Where(entry => entry.line.Length > 0))
            {
                var name = line[..Math.Max(0, line.IndexOf(':', StringComparison.Ordinal))];
                users[name] = name.Length > 0 && Entry.Read(line[(name.Length + 1)..]) is { } entry
                    ? entry
                    : throw new StateException($"{path}:{number} is no NAME:$7$ITERATIONS$SALT$HASH; write it with 'flame-edge identity password NAME'");
            }

            return users;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the passwords in {path} cannot be read: {exception.Message}", exception);
        }
    }

    private sealed record Entry(int Iterations, byte[] Salt, byte[] Hash)
    {
        public static Entry? Read(string text)
        {
            if (text.Split('$') is not ["", "7", var count, var salt, var hash]
                || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) || iterations is < 1 or > MostIterations)
            {
                return null;
            }

            try
            {
                return Convert.FromBase64String(hash) is { Length: HashBytes } bytes ? new Entry(iterations, Convert.FromBase64String(salt), bytes) : null;
            }
            catch (FormatException)
            {
                return null;
            }
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"$7${Iterations}${Convert.ToBase64String(Salt)}${Convert.ToBase64String(Hash)}");
    }
}
