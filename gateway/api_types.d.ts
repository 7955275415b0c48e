/** What the services send to the scripts, for the type checker alone: docs/protocol.md says what it means. */

declare namespace Api {
  /** `@grace`, or `#lobby`: what a conversation is called from one side. */
  type Label = string;

  type FileKind = "picture" | "audio" | "video" | "document";

  interface Attachment {
    id: string;
    url: string;
    thumbnail_url: string | null;
    filename: string;
    content_type: string;
    size: number;
    kind: FileKind;
    width: number | null;
    height: number | null;
    placeholder: string | null;
    duration_s: number | null;
  }

  /** As an upload answers. */
  interface UploadedFile extends Attachment {
    removed: string[];
    cleaned: boolean;
    created_at: string;
  }

  interface LinkCard {
    url: string;
    title: string;
    description: string;
    site: string;
    picture: string | null;
  }

  interface CallRecord {
    outcome: "answered" | "declined" | "missed";
    duration_s?: number;
  }

  /** A message: of the history, or as the event `message` or `sent`. */
  interface Message {
    id: number;
    seq: number;
    conversation: Label;
    sender_username: string;
    message: string;
    /** The text as it is shown, where that is more than plain words: to be put into the page as it is. */
    html?: string | null;
    /** Usernames of those in the conversation whom it names, and whether it names all in the room. */
    mentions?: string[];
    mentions_room?: boolean;
    timestamp: string;
    nonce: string | null;
    attachments?: Attachment[];
    reply_to?: number | null;
    edited_at?: string;
    deleted?: boolean;
    call?: CallRecord;
    reactions?: Record<string, string[]>;
    cards?: LinkCard[];
    delivered?: boolean | null;
    /** What answers it and is not deleted, and the last that ever did: in the history, where something did. */
    replies_count?: number;
    last_reply_id?: number;
  }

  /** A message that was looked for: `marks` are places and lengths in its text, in code points. */
  interface SearchHit extends Message {
    marks?: [number, number][];
  }

  interface FoundPerson {
    username: string;
    nickname?: string;
    pfp?: string | null;
  }

  interface FoundRoom {
    name: string;
    topic: string;
    private: boolean;
    is_member: boolean;
    members_count: number;
  }

  /** How much of a conversation the reader has not seen. */
  interface Counts {
    unread: number;
    mentions: number;
  }

  /** What the reader is about to write, as a page has it. */
  type Draft = Pick<SavedDraft, "message" | "reply_to">;

  /** Anything else that has a place in the log. */
  interface Change {
    seq: number;
    conversation: Label;
    username: string;
    timestamp: string;
  }

  interface Ready {
    username: string;
    online: string[];
    positions: Record<Label, number>;
    epochs?: Record<Label, string>;
  }

  interface Resumed {
    positions: Record<Label, number>;
    epochs?: Record<Label, string>;
    truncated: Label[];
  }

  /** What somebody is about to write in a conversation; without a time there is nothing. */
  interface SavedDraft {
    message: string;
    reply_to: number | null;
    updated_at: string | null;
  }

  interface Notifications {
    level: "all" | "mentions" | "none";
    muted_until: string | null;
  }

  /** "HH:MM", and a name of the IANA database. */
  interface QuietHours {
    starts: string | null;
    ends: string | null;
    time_zone: string | null;
  }

  interface CallEvent {
    conversation: Label;
    username: string;
    stream: string;
  }

  interface Refusal {
    code: string;
    detail: string;
    nonce?: string;
    retry_after_s?: number;
  }

  type RoomRole = "owner" | "moderator" | "member";

  /** The events of `/ws` by their type. */
  interface Events {
    ready: Ready;
    resumed: Resumed;
    message: Message;
    sent: Message;
    edited: Change & {
      id: number;
      message: string;
      html?: string | null;
      mentions?: string[];
      mentions_room?: boolean;
    };
    deleted: Change & { id: number; reply_to?: number };
    pinned: Change & { id: number };
    unpinned: Change & { id: number };
    cards: Change & { id: number; cards?: LinkCard[] };
    reaction: Change & Reaction & { id: number };
    read: Change & { read_seq: number; unread?: number; mentions?: number };
    joined: Change & { epoch: string };
    left: Change;
    closed: Change;
    draft: SavedDraft & { conversation: Label; nonce: string | null };
    notifications: Notifications & { conversation: Label };
    quiet_hours: QuietHours;
    unread: { conversation: Label; unread_seq: number | null; unread: number; mentions: number };
    /** An older service tells nothing of `section` and `position`. */
    room_changed: Change & {
      topic: string;
      private: boolean;
      slow_mode_s: number;
      section?: string | null;
      position?: number;
      owner: string | null;
    };
    role: Change & { role: RoomRole; by: string };
    timed_out: Change & { until: string | null; by: string };
    blocked: { username: string; blocked: boolean };
    typing: { conversation: Label; username: string };
    presence: { username: string; online: boolean };
    profile: Profile;
    call: CallEvent;
    answer: CallEvent;
    hang_up: { conversation: Label; username: string };
    error: Refusal;
  }

  /** How somebody shows themselves; `pfp` and `status` may be empty. */
  interface Profile {
    username: string;
    nickname: string;
    pfp: string | null;
    role: string;
    status: string;
  }

  /** Of `/api/saved-chats`, as far as scripts read it. */
  interface SavedChat {
    chat_username: string;
    chat_nickname: string | null;
  }

  interface RoomMember {
    username: string;
    nickname: string;
    pfp: string;
    role: RoomRole;
    online: boolean;
    timed_out_until: string | null;
  }

  /** Of `/api/rooms/{room}/members`: some of them; the counts are of all. */
  interface RoomMembers {
    members_count: number;
    online_count: number;
    members: RoomMember[];
  }

  /** What has become of a message. */
  type MessageChange = { id: number } & (
    | { type: "edited"; username: string; message: string }
    | { type: "deleted" }
    | { type: "reaction" }
  );

  interface Reaction {
    emoji: string;
    username: string;
    removed: boolean;
  }

  /** Of `/api/video/streams`. */
  interface Stream {
    name: string;
    username: string;
  }
}
